// examples/c/hello.c in C++: the child sends, the parent receives. What fails throws.
#include <courtyard.hpp>

#include <iostream>
#include <unistd.h>

int main() {
    const auto yard = courtyard::Yard::create_anonymous().value();
    auto ring = courtyard::Ring::create(yard, "greetings").value();
    if (fork() == 0) {
        ring.sender()->send("hello, parent", courtyard::forever).value();
        _exit(0);
    }
    std::cout << ring.receiver()->recv(courtyard::forever).value() << '\n';
    return 0;
}
