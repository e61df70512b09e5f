"""A diagnosis as text."""

from normlab.cli.display.output import out
from normlab.documents.diagnosis import DiagnosisDocument

_STYLES = {"problem": "bold red", "warning": "bold yellow", "note": "bold cyan"}
_ANSWERS = {"nothing_found": "in order", "not_applicable": "does not apply", "not_measured": "not measured"}


def show_diagnosis(diagnosis: DiagnosisDocument, *, everything: bool = False) -> None:
    """Write the findings, the worst first; with ``everything`` also the questions that found nothing."""
    show_findings(diagnosis)
    out.print(diagnosis.summary, markup=False, soft_wrap=not out.is_terminal)
    if not everything:
        return
    out.print()
    for looked in diagnosis.looked:
        if looked.answer in _ANSWERS:
            text = f"{looked.question} {_ANSWERS[looked.answer].capitalize()}: {looked.why}."
            out.print(text, markup=False, soft_wrap=not out.is_terminal)


def show_findings(diagnosis: DiagnosisDocument, *, remedies: bool = True) -> None:
    """Write each finding in a line, and below what would change it."""
    for finding in diagnosis.findings:
        out.print(f"[{_STYLES.get(finding.severity, 'bold')}]{finding.severity}[/]", end="  ")
        out.print(finding.sentence, markup=False, soft_wrap=not out.is_terminal)
        if remedies:
            out.print(f"         {finding.remedy}", markup=False, soft_wrap=not out.is_terminal)
