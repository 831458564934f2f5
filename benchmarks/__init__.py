"""The figures of the README, each with the command that reproduces it: ``make bench``."""

import logging

logging.disable(logging.WARNING)  # Streamlit warns at every page that no browser asked for, in the middle of the tables
