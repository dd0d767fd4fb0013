"""Tests of backups, one file for each thing that is done with one."""
