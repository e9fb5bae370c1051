"""Running playbooks in batch: check, execute, render, and move the whole into place."""
