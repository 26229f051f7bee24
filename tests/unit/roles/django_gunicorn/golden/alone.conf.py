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

workers = 3
worker_class = "sync"
timeout = 30
graceful_timeout = 120
max_requests = 1000
# Workers that were started together must not end together.
max_requests_jitter = 100
# In memory: the sign of life of a worker must not wait for a disk.
worker_tmp_dir = "/dev/shm"
forwarded_allow_ips = "127.0.0.1,::1"
# It would be a file in the user's home, which is shared by all instances of the user. Gunicorn before 25 ignores the name.
control_socket_disable = True
