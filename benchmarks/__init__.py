"""Benchmarks: every figure is a ratio against the best alternative in the same run, on the same bytes.

    python -m benchmarks            a quick round of all of them
    python -m benchmarks load       one of them
    python -m benchmarks --full     the sizes of docs/performance.md

Each variant is a child process; CPU is user + system time of it and its children, memory its peak RSS.
Variants take turns (A B A B), the median counts, and nothing is judged while other work presses on the CPU.
"""
