"""The two processes that are compared: one runs, the other is stopped, so that idle threads cost nobody time."""

import os
import re
import signal
import subprocess
import sys


class Worker:
    """A process that answers a line with a line. It is stopped except while it is asked."""

    def __init__(self, command, environment):
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, **environment})
        self.description = self._read().removeprefix("ready ")
        self._signal(signal.SIGSTOP)

    def ask(self, line):
        self._signal(signal.SIGCONT)
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer = self._read()
        self._signal(signal.SIGSTOP)
        return answer

    def mapped(self, pattern):
        """Paths of the libraries in the process that match: what it runs on, rather than what it was asked to."""
        with open(f"/proc/{self.process.pid}/maps", encoding="utf-8") as maps:
            return sorted({path for path in re.findall(r"(/\S+)\n", maps.read()) if re.search(pattern, path)})

    def close(self):
        self._signal(signal.SIGCONT)
        self.process.stdin.close()
        self.process.wait()

    def _read(self):
        answer = self.process.stdout.readline().strip()
        if not answer:
            raise SystemExit(f"{self.process.args[0]} ended with status {self.process.wait()}; see above.")
        return answer

    def _signal(self, number):
        if self.process.poll() is None:
            self.process.send_signal(number)


SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "worker.py")


def ours(library, threads):
    return Worker(["dotnet", library, str(threads)], {})


def pytorch(blas_folder, threads):
    environment = {"LD_LIBRARY_PATH": blas_folder, "OMP_NUM_THREADS": str(threads), "OPENBLAS_NUM_THREADS": str(threads)}
    return Worker(["/usr/bin/python3", SCRIPT, str(threads)], environment)


def ours_on(device, program, arithmetic):
    """A published worker, on a machine without .NET."""
    return Worker([program, "0", device, arithmetic], {})


def pytorch_on(device, arithmetic):
    return Worker([sys.executable, SCRIPT, str(os.cpu_count()), device, arithmetic], {})
