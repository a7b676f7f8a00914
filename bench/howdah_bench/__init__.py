"""The benchmark of Howdah and its peers; see bench/README.md."""
