"""The version of sachet."""

VERSION = "0.1.0"
