"""Leadership indicators, one file each; the contract is :mod:`slas.indicator`."""
