"""Files: run folders, labelled records, networks in the formats of other tools."""
