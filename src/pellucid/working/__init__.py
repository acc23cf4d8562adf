"""The working: checked steps, the lessons made of them, and their printers."""

from pellucid.working.lessons import LESSONS, Lesson, lesson
from pellucid.working.printing import PRINTERS, for_stream, render
from pellucid.working.step import Check, CheckFailed, NumberTable, Step, agreeing

__all__ = [
    "LESSONS",
    "PRINTERS",
    "Check",
    "CheckFailed",
    "Lesson",
    "NumberTable",
    "Step",
    "agreeing",
    "for_stream",
    "lesson",
    "render",
]
