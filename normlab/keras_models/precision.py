"""What a model computes in, Keras's dtype policies, as a spec's ``precision``."""

from typing import Any

from normlab.keras_models.report import Node, Report
from normlab.spec.shown import listed, quoted
from normlab.spec.training import Precision


def precision_of(report: Report, output: Node | None) -> dict[str, Any]:
    """What the policies of a model's layers say, as a part of a spec's ``training``; float32 is its default."""
    policies = {
        policy: [node for node in nodes if node is not output] for policy, nodes in report.policies.items()
    }
    of_output = next((policy for policy, nodes in report.policies.items() if output in nodes), None)
    used = [policy for policy, nodes in policies.items() if nodes]
    policy = used[0] if used else of_output or Precision.FLOAT32
    if len(used) > 1:
        fewest = min(used, key=lambda policy: (len(policies[policy]), policy == Precision.FLOAT32))
        for node in policies[fewest]:
            report.refuse(node, f"computes in {fewest}, and other layers in others: Normlab's compute in one")
    elif policy not in set(Precision):
        for node in report.policies[policy]:
            report.refuse(
                node, f"computes in {quoted(policy)}: Normlab's layers in {listed(Precision, 'or')}"
            )
    elif of_output not in (None, policy, Precision.FLOAT32) and output is not None:
        report.refuse(output, f"computes in {of_output}, and the layers before it in {policy}")
    elif policy != Precision.FLOAT32:
        if of_output == policy and output is not None:
            report.remark(f"the softmax of {output.name} is computed in float32, as Normlab's always is")
        return {"precision": str(policy)}
    return {}
