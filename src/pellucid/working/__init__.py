"""The working: checked steps, the lessons made of them, and their printers."""

from pellucid.working.lessons import LESSONS, Lesson, lesson
from pellucid.working.printing import PRINTERS, render
from pellucid.working.step import Check, CheckFailed, NumberTable, Step

__all__ = [
    "LESSONS",
    "PRINTERS",
    "Check",
    "CheckFailed",
    "Lesson",
    "NumberTable",
    "Step",
    "lesson",
    "render",
]
