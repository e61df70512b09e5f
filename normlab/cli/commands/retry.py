"""``normlab retry``."""

from normlab.cli.commands.jobs import JobsArgument
from normlab.cli.display.output import UrlOption, out
from normlab.client import Client


def retry(job_ids: JobsArgument, *, url: UrlOption = None) -> None:
    """Queue failed or cancelled jobs again, for when what was wrong has been put right."""
    with Client(url) as client:
        for job_id in job_ids:
            job = client.retry(job_id)
            out.print(f"{job.id} waits again", soft_wrap=True)
