"""From measurements to findings."""

from collections import Counter
from collections.abc import Iterable, Sequence

from normlab.analysis.diagnosis.finding import Answer, Diagnosis, Finding, Looked, Observation, Severity
from normlab.analysis.diagnosis.observed import Observed
from normlab.analysis.diagnosis.rule import Rule
from normlab.analysis.diagnosis.rules import RULES
from normlab.spec import JobSpec
from normlab.spec.epochs import EpochMetrics
from normlab.spec.measurements import WHOLE_NETWORK, Measured


def diagnose(
    measurements: Iterable[Measured], spec: JobSpec, epochs: Sequence[EpochMetrics] = ()
) -> Diagnosis:
    """What is wrong inside a network, by what was measured in it while it was trained.

    Each rule of the table is a question. Its answer is a finding, or that nothing was found and at what was looked, or
    that there is nothing of the kind in this network, or that it was not measured (so far). A run that still goes on
    can be diagnosed as well. Rules and thresholds: ``docs/diagnosis.md``.

    Args:
        measurements: What the run's probes gave, in any order; numbers that are not finite do not stand there.
        spec: What was trained.
        epochs: The numbers of each epoch so far, in order.

    >>> from normlab.spec import parse_job_spec
    >>> diagnose([], parse_job_spec({"architecture": "baseline"})).looked[0].answer
    <Answer.NOT_MEASURED: 'not_measured'>
    """
    run = Observed(measurements, spec, epochs)
    findings: list[Finding] = []
    looked: list[Looked] = []
    for rule in RULES:
        answer, why = _answerable(rule, run)
        if answer is Answer.NOTHING_FOUND and (seen := rule.looks(run)) is not None:
            findings.append(_finding(rule, seen))
            answer, why = Answer.FOUND, ""
        looked.append(Looked(rule.code, rule.question, answer, why))
    findings.sort(key=lambda finding: list(Severity).index(finding.severity))
    return Diagnosis(tuple(findings), tuple(looked), _summary(findings, looked))


def _answerable(rule: Rule, run: Observed) -> tuple[Answer, str]:
    """Whether a rule can say something of a run, and what it looks at; or why it cannot."""
    if why := rule.not_applicable(run):
        return Answer.NOT_APPLICABLE, why
    lacking = sorted({probe for probe, statistic in rule.needs if not run.has(probe, statistic)})
    if lacking:
        return Answer.NOT_MEASURED, f"there are no measurements of {' and '.join(lacking)}"
    if len(run.epochs) < rule.least_epochs:
        least = rule.least_epochs
        return Answer.NOT_MEASURED, f"it takes {least} epoch{'s' * (least > 1)} to see it"
    return Answer.NOTHING_FOUND, rule.looked_at(run)


def _finding(rule: Rule, seen: Observation) -> Finding:
    return Finding(
        code=rule.code,
        severity=seen.severity,
        layer=seen.layers[0] if seen.layers else WHOLE_NETWORK,
        layers=seen.layers,
        first_epoch=min(seen.epochs),
        last_epoch=max(seen.epochs),
        numbers=dict(seen.numbers),
        sentence=seen.sentence,
        remedy=seen.remedy,
        source=rule.source,
    )


def _summary(findings: Sequence[Finding], looked: Sequence[Looked]) -> str:
    answers = Counter(item.answer for item in looked)
    asked = answers[Answer.FOUND] + answers[Answer.NOTHING_FOUND]
    if not asked:
        return "Nothing can be said: nothing was measured."
    counts = Counter(finding.severity for finding in findings)
    found = [f"{count} {severity}{'s' * (count > 1)}" for severity in Severity if (count := counts[severity])]
    rest = [
        f"{answers[answer]} {words}"
        for answer, words in (
            (Answer.NOT_APPLICABLE, "do not apply to this network"),
            (Answer.NOT_MEASURED, "could not be answered for want of measurements"),
        )
        if answers[answer]
    ]
    beside = f" ({', '.join(rest)})" if rest else ""
    return f"{', '.join(found) or 'Nothing'} found by {asked} question{'s' * (asked > 1)}{beside}."
