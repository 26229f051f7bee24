#
# Ansible managed
#
"""Gunicorn's settings for the Django site shop. The socket comes from systemd."""

import os

from gunicorn.glogging import Logger


class JournalLogger(Logger):
    """The journal has its own time stamps."""

    error_fmt = "[%(process)d] [%(levelname)s] %(message)s"


logger_class = JournalLogger
accesslog = "-"
errorlog = "-"
access_log_format = '%({x-forwarded-for}i)s "%(r)s" %(s)s %(b)s %(M)s ms'

# The CPUs that this process may use, which can be fewer than the machine has.
workers = min(2 * len(os.sched_getaffinity(0)) + 1, 9)
worker_class = "asgi"
timeout = 30
graceful_timeout = 30
max_requests = 0
# Workers that were started together must not end together.
max_requests_jitter = 0
# In memory: the sign of life of a worker must not wait for a disk.
worker_tmp_dir = "/dev/shm"
# Nobody but nginx can open the socket, so the headers it sets can be believed. A unix socket has no addresses to list.
forwarded_allow_ips = "*"
# It would be a file in the user's home, which is shared by all instances of the user. Gunicorn before 25 ignores the name.
control_socket_disable = True
