"""cases: what a check written in Python counts and prints, in the form of tests/test.h."""


class Cases:
    """ok, not ok and skip lines, and the closing line that tools/stages reads."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def check(self, title, problems):
        """One case: it passes when `problems`, a list of lines, is empty."""
        for line in problems:
            print("# " + line)
        if problems:
            self.failed += 1
            print("not ok - " + title)
        else:
            self.passed += 1
            print("ok - " + title)

    def canary(self, title, problems, word):
        """One case of a self-test: `problems` must say `word`, or the rig is blind."""
        caught = any(word in line for line in problems)
        self.check("canary: " + title, [] if caught else [f"not caught; it said {problems}"])

    def skip(self, title, why):
        self.skipped += 1
        print(f"skip - {title}: {why}")

    def close(self):
        """The closing line; returns the exit code."""
        print(f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped")
        return 1 if self.failed else 0
