# Three images from one file. Name the target when building by hand, the last one is not what most people want:
#   docker build --target api .          the HTTP process, without TensorFlow
#   docker build --target worker .       trains on the CPU
#   docker build --target worker-gpu .   trains on NVIDIA GPUs
# The stages stand in this order because the classic builder makes every stage above its target.
# docs/containers.md says how docker-compose.yml runs them.
ARG PYTHON_IMAGE=python:3.11-slim-bookworm


# What the stages that install share: an empty virtual environment that is filled from outside, so that
# the finished one holds no pip.
FROM ${PYTHON_IMAGE} AS builder
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
RUN python3 -m venv --without-pip /opt/normlab
WORKDIR /build


# The project alone, as a wheel in its own copy of the environment. It is laid over the dependencies at the
# end: a changed source file then remakes a layer of kilobytes and not one of TensorFlow's size.
FROM builder AS project
COPY requirements/build.txt requirements/
RUN python3 -m venv /opt/backend \
 && /opt/backend/bin/pip install --quiet --require-hashes --only-binary :all: -r requirements/build.txt
COPY pyproject.toml README.md LICENSE ./
COPY normlab normlab
COPY api api
COPY worker worker
COPY migrations migrations
RUN /opt/backend/bin/pip wheel --quiet --no-deps --no-build-isolation --wheel-dir /wheels . \
 && pip --python /opt/normlab/bin/python install --quiet --no-deps --no-index /wheels/*.whl


# What the running images share. Its user has a fixed number, so that the owner of the volumes stays the same
# from image to image.
FROM ${PYTHON_IMAGE} AS runtime
RUN groupadd --gid 10001 normlab \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin normlab \
 && install -d -o normlab -g normlab -m 0750 /data /artifacts
# onnxruntime's Linux wheels report to their maker unless they are told not to.
ENV PATH=/opt/normlab/bin:$PATH \
    ORT_DISABLE_TELEMETRY=1 \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    NORMLAB_DATA_DIR=/data \
    NORMLAB_ARTIFACTS_URL=/artifacts
COPY docker/entrypoint.py /usr/local/bin/normlab-entrypoint
WORKDIR /data
STOPSIGNAL SIGTERM
ENTRYPOINT ["/opt/normlab/bin/python", "-I", "/usr/local/bin/normlab-entrypoint"]


FROM builder AS api-dependencies
COPY requirements/api.txt requirements/
RUN pip --python /opt/normlab/bin/python install --quiet --require-hashes --only-binary :all: -r requirements/api.txt


FROM runtime AS api
COPY --from=api-dependencies /opt/normlab /opt/normlab
COPY --from=project /opt/normlab /opt/normlab
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
CMD ["normlab-api", "--host", "0.0.0.0", "--port", "8000"]
ARG NORMLAB_VERSION=local
ARG NORMLAB_REVISION=unknown
LABEL org.opencontainers.image.title="normlab-api" \
      org.opencontainers.image.description="The HTTP process of Normlab, a self-hosted training-job service." \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${NORMLAB_VERSION}" \
      org.opencontainers.image.revision="${NORMLAB_REVISION}"


FROM builder AS worker-dependencies
COPY requirements/worker.txt requirements/
RUN pip --python /opt/normlab/bin/python install --quiet --require-hashes --only-binary :all: -r requirements/worker.txt


FROM runtime AS worker
COPY --from=worker-dependencies /opt/normlab /opt/normlab
COPY --from=project /opt/normlab /opt/normlab
USER 10001:10001
HEALTHCHECK --interval=30s --timeout=15s --start-period=60s --retries=3 \
    CMD ["normlab-worker", "--check-health"]
CMD ["normlab-worker"]
ARG NORMLAB_VERSION=local
ARG NORMLAB_REVISION=unknown
LABEL org.opencontainers.image.title="normlab-worker" \
      org.opencontainers.image.description="Trains the jobs of Normlab on the CPU." \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${NORMLAB_VERSION}" \
      org.opencontainers.image.revision="${NORMLAB_REVISION}"


FROM builder AS worker-gpu-dependencies
COPY requirements/worker-gpu.txt requirements/
RUN pip --python /opt/normlab/bin/python install --quiet --require-hashes --only-binary :all: -r requirements/worker-gpu.txt


FROM runtime AS worker-gpu
COPY --from=worker-gpu-dependencies /opt/normlab /opt/normlab
COPY --from=project /opt/normlab /opt/normlab
USER 10001:10001
HEALTHCHECK --interval=30s --timeout=15s --start-period=60s --retries=3 \
    CMD ["normlab-worker", "--check-health"]
CMD ["normlab-worker"]
ARG NORMLAB_VERSION=local
ARG NORMLAB_REVISION=unknown
LABEL org.opencontainers.image.title="normlab-worker-gpu" \
      org.opencontainers.image.description="Trains the jobs of Normlab on NVIDIA GPUs." \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${NORMLAB_VERSION}" \
      org.opencontainers.image.revision="${NORMLAB_REVISION}"
