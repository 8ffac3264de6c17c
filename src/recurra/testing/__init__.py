"""Check that your own task, model, constraint or rule is what recurra expects: all findings at once, one per line."""

from recurra.testing.constraints import check_constraint
from recurra.testing.findings import ConformanceError
from recurra.testing.models import check_model
from recurra.testing.rules import check_rule
from recurra.testing.tasks import check_task

__all__ = ["ConformanceError", "check_constraint", "check_model", "check_rule", "check_task"]
