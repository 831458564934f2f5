"""What formats read with: lines, trees of XML, flat IDocs, and schemas that are only known at run time."""
