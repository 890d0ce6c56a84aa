"""``python -m minitorch``: the command line."""

import sys

if __name__ == "__main__":
    try:
        from minitorch.cli import main
    except ImportError as error:
        # An extra that is not installed is no bug to be traced.
        sys.exit(f"minitorch: {error}; run: pip install 'minitorch[examples]'")
    main()
