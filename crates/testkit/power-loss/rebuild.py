#!/usr/bin/env python3
"""Makes a folder of what shim.c says was durable: rebuild.py ROOT SHADOW TARGET."""

import os
import shutil
import sys

sys.path.insert(0, os.path.dirname(__file__))
from identity import identity


def rebuild(name, shadow, target):
    os.makedirs(target, mode=0o700)
    listing = os.path.join(shadow, f"folder-{name}")
    if not os.path.exists(listing):
        return
    with open(listing) as lines:
        for line in lines:
            kind, child, path = line.rstrip("\n").split(" ", 2)
            path = os.path.join(target, path)
            if kind == "d":
                rebuild(child, shadow, path)
            else:
                kept = os.path.join(shadow, f"file-{child}")
                if os.path.exists(kept):
                    shutil.copyfile(kept, path)
                else:
                    open(path, "w").close()
                os.chmod(path, 0o600)


root, shadow, target = sys.argv[1:]
rebuild(identity(root), shadow, target)
