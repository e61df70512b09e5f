"""What the threads of a worker's main process do to its children one at a time: fork, look after, kill."""

import os
import threading

# A thread that holds a database connection must not be forked: SQLite loses its locks, and a server would have two
# clients on one connection. The main process forks only while nobody has this lock.
children_lock = threading.Lock()
os.register_at_fork(
    before=children_lock.acquire, after_in_parent=children_lock.release, after_in_child=children_lock.release
)
