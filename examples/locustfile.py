"""A fleet of Rodents by Locust: most are storage nodes, some scrub their pools once a minute.

locust -f locustfile.py --host 127.0.0.1:50051 --observe http://127.0.0.1:8080 --users 200
"""

from locust import between, task

from rodent_events import StoragePoolPayload
from toggle_mock.locust import RodentUser


class StorageNode(RodentUser):
    weight = 9
    rate = 0.5  # events a second


class Scrubber(RodentUser):
    rate = 0.1
    profile = "published"  # with the faults of the Rodent in the field
    wait_time = between(50, 70)

    @task
    def scrub(self):
        self.emit(StoragePoolPayload(pool_name="tank", devices=["sda", "sdb"]))
