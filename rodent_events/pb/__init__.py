"""The messages and service code generated from proto/.

They live in a descriptor pool of their own, so that a process may load other code generated from
the same schema, or from another revision of it, beside them.
"""

from google.protobuf.descriptor_pool import DescriptorPool

POOL = DescriptorPool()
