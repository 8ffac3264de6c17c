"""Whether a part of your own is what recurra expects: a task, model, constraint, rule or analysis; a line a finding."""

from recurra.testing.analyses import check_analysis
from recurra.testing.constraints import check_constraint
from recurra.testing.findings import ConformanceError
from recurra.testing.models import check_model
from recurra.testing.rules import check_rule
from recurra.testing.tasks import check_task

__all__ = ["ConformanceError", "check_analysis", "check_constraint", "check_model", "check_rule", "check_task"]
