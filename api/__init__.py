"""The HTTP process: a FastAPI app over the store. ``api.app.create_app`` puts it together."""
