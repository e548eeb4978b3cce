"""Slack's rules for blocks, messages and views, as one table: the smallest payload that breaks a rule, the code and the
place that Slack names, and the neighbour just inside, which it takes."""

from __future__ import annotations

from .blocks import in_blocks, messages
from .elements import in_elements, in_inputs
from .places import required, surfaces
from .rule import Rule
from .views import views

__all__ = ["RULES", "Rule"]

RULES = [*messages(), *in_blocks(), *in_elements(), *in_inputs(), *views(), *surfaces(), *required()]
