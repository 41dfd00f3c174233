"""Run the command line with `python -m nbrerun`."""

from nbrerun.cli import main

if __name__ == "__main__":
    main()
