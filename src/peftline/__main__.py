"""`python -m peftline` is `kedro` in this project."""

from kedro.framework.cli.cli import main

if __name__ == "__main__":
    main()
