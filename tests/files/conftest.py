"""What the tests of formats share."""

import pytest

from keruen.cli import main


@pytest.fixture
def run(capsys):
    def call(*arguments):
        """(exit code, output, errors)."""
        capsys.readouterr()
        try:
            code = main(["convert", *map(str, arguments)])
        except SystemExit as stop:
            code = stop.code
        out = capsys.readouterr()
        assert "Traceback" not in out.err
        return code, out.out, out.err

    return call
