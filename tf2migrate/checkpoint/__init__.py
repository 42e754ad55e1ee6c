"""Checkpoints of TensorFlow 1 as the rewritten program restores them.

Their path: `look` runs the old and the new program up to what they save, `names` says which variable of one is which of
the other, `convert` writes the values under the new names and reads them back.
"""

from tf2migrate.checkpoint.convert import NotConverted, Report, Template, convert, template
from tf2migrate.checkpoint.names import Entry

__all__ = ["Entry", "NotConverted", "Report", "Template", "convert", "template"]
