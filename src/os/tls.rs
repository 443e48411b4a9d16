//! One pointer per thread, reached without a call.
//!
//! In a shared library a thread-local variable costs a call of `__tls_get_addr`, more than the lock that it is needed
//! for. Initial-exec access reads the variable's place from the linker's table instead. It works in libraries that are
//! loaded late, too, while the C library has a little static space left: 8 bytes are asked for (glibc keeps 1664 for
//! this; `man 8 ld.so`, glibc.rtld.optional_static_tls). Elsewhere the ordinary way is taken.
//!
//! The variable has no destructor, so it can be read at any time in a thread's life.

/// What the pointer points to is the caller's business.
pub(crate) type Pointer = *const u8;

#[cfg(all(target_arch = "x86_64", target_os = "linux", target_env = "gnu"))]
mod imp {
    use super::Pointer;
    use core::arch::{asm, global_asm};

    global_asm!(
        ".pushsection .tbss.cyd_thread_pointer_0_1, \"awT\", @nobits",
        ".p2align 3",
        ".globl cyd_thread_pointer_0_1",
        ".hidden cyd_thread_pointer_0_1",
        ".type cyd_thread_pointer_0_1, @object",
        ".size cyd_thread_pointer_0_1, 8",
        "cyd_thread_pointer_0_1:",
        ".zero 8",
        ".popsection",
    );

    #[inline(always)]
    pub(super) fn get() -> Pointer {
        let pointer: Pointer;
        // SAFETY: reads the calling thread's own variable, which exists from the thread's first instruction on.
        unsafe {
            asm!(
                "mov {at}, qword ptr [rip + cyd_thread_pointer_0_1@GOTTPOFF]",
                "mov {pointer}, qword ptr fs:[{at}]",
                at = out(reg) _,
                pointer = lateout(reg) pointer,
                options(nostack, preserves_flags, readonly),
            );
        }
        pointer
    }

    pub(super) fn set(pointer: Pointer) {
        // SAFETY: writes the calling thread's own variable.
        unsafe {
            asm!(
                "mov {at}, qword ptr [rip + cyd_thread_pointer_0_1@GOTTPOFF]",
                "mov qword ptr fs:[{at}], {pointer}",
                at = out(reg) _,
                pointer = in(reg) pointer,
                options(nostack, preserves_flags),
            );
        }
    }
}

#[cfg(not(all(target_arch = "x86_64", target_os = "linux", target_env = "gnu")))]
mod imp {
    use super::Pointer;
    use std::cell::Cell;

    thread_local! {
        static POINTER: Cell<Pointer> = const { Cell::new(std::ptr::null()) };
    }

    #[inline(always)]
    pub(super) fn get() -> Pointer {
        POINTER.get()
    }

    pub(super) fn set(pointer: Pointer) {
        POINTER.set(pointer);
    }
}

/// The calling thread's pointer; null until it is set.
#[inline(always)]
pub(crate) fn get() -> Pointer {
    imp::get()
}

/// Sets the calling thread's pointer.
pub(crate) fn set(pointer: Pointer) {
    imp::set(pointer);
}

#[cfg(test)]
mod tests {
    #[test]
    fn each_thread_has_its_own_pointer_and_begins_with_none() {
        let here = 7u8;
        let before = super::get();
        super::set(&raw const here);
        assert!(std::thread::spawn(|| super::get().is_null()).join().unwrap());
        assert_eq!(super::get(), &raw const here);
        super::set(before);
    }
}
