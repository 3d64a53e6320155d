from twisted.application.service import ServiceMaker

# Not to be edited once it is published: an old dropin.cache may still describe it by this name.
chat = ServiceMaker("nodenet-chat", "nodenet.services.chat.service", "A chat room for telnet", "nodenet-chat")
