from twisted.application.service import ServiceMaker

# Not to be edited once it is published: an old dropin.cache may still describe it by this name.
echo = ServiceMaker("nodenet-echo", "nodenet.services.echo", "Send back what comes in", "nodenet-echo")
