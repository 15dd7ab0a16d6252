#!/usr/bin/env python3
"""Notes a whole folder as durable, before shim.c watches it: seed.py ROOT SHADOW."""

import os
import shutil
import sys

sys.path.insert(0, os.path.dirname(__file__))
from identity import identity

root, shadow = sys.argv[1:]
for folder, folders, files in os.walk(root):
    with open(os.path.join(shadow, f"folder-{identity(folder)}"), "w") as listing:
        for kind, names in (("d", folders), ("f", files)):
            for name in names:
                path = os.path.join(folder, name)
                listing.write(f"{kind} {identity(path)} {name}\n")
                if kind == "f":
                    shutil.copyfile(path, os.path.join(shadow, f"file-{identity(path)}"))
