"""What messages and files are written in, one file each; the contract is ``collector/format.py``."""
