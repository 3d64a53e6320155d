from twisted.application.service import ServiceMaker

# Not to be edited once it is published: an old dropin.cache may still describe it by this name.
counter = ServiceMaker(
    "nodenet-counter", "nodenet.services.counter", "Number the clients, then echo", "nodenet-counter"
)
