#!/usr/bin/env python3
"""mae_pytorch.py with the decoder of unlabel's preset `small`: two blocks of width 128.

  mae_small_pytorch.py PATH_OF_MAE_PYTORCH DATA --size 64 --patch 8 --width 192 --depth 12 --heads 3 ...
"""
import functools, importlib.util, sys


def main():
    path = sys.argv.pop(1)
    spec = importlib.util.spec_from_file_location("mae_pytorch", path)
    script = importlib.util.module_from_spec(spec)
    # Loading processes look for what they are given under its name.
    sys.modules["mae_pytorch"] = script
    spec.loader.exec_module(script)
    script.MAE = functools.partial(script.MAE, dd=128, ddepth=2, dheads=4)
    script.main()


if __name__ == "__main__":
    main()
