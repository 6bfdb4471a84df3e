"""
A filter of system calls for sessions. Namespaces and missing capabilities already refuse nearly all of these; the filter
keeps what is left of the kernel's rarely used and global parts (key rings, vsock, io_uring, BPF, new namespaces) out of
reach.
"""
import ctypes
import errno
import struct

from kernel import IS_ARM, PR_SET_SECCOMP, prctl

# name: (x86_64, aarch64); None where the machine has no such call.
_REFUSED = {
    "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "setns": (308, 268), "mount_setattr": (442, 442),
    "open_tree": (428, 428), "move_mount": (429, 429), "fsopen": (430, 430), "fsconfig": (431, 431),
    "fsmount": (432, 432), "fspick": (433, 433), "swapon": (167, 224), "swapoff": (168, 225), "reboot": (169, 142),
    "init_module": (175, 105), "finit_module": (313, 273), "delete_module": (176, 106), "kexec_load": (246, 104),
    "kexec_file_load": (320, 294), "open_by_handle_at": (304, 265), "name_to_handle_at": (303, 264),
    "keyctl": (250, 219), "add_key": (248, 217), "request_key": (249, 218), "bpf": (321, 280),
    "perf_event_open": (298, 241), "userfaultfd": (323, 282), "acct": (163, 89), "settimeofday": (164, 170),
    "clock_settime": (227, 112), "adjtimex": (159, 171), "clock_adjtime": (305, 266), "quotactl": (179, 60),
    "quotactl_fd": (443, 443), "syslog": (103, 116), "lookup_dcookie": (212, 18), "vhangup": (153, 58),
    "sethostname": (170, 161), "setdomainname": (171, 162), "fanotify_init": (300, 262), "move_pages": (279, 239),
    "mbind": (237, 235), "kcmp": (312, 272), "iopl": (172, None), "ioperm": (173, None), "modify_ldt": (154, None),
    "uselib": (134, None), "ustat": (136, None), "sysfs": (139, None),
}
# Programs have another way where these are not there. clone3 has its flags in memory, where no filter can look.
_MISSING = {"clone3": (435, 435), "io_uring_setup": (425, 425), "io_uring_enter": (426, 426),
            "io_uring_register": (427, 427), "memfd_secret": (447, 447)}
_CLONE, _UNSHARE, _IOCTL, _SOCKET = (56, 220), (272, 97), (16, 29), (41, 198)
_NEW_NAMESPACES = 0x7E020000
_NEW_TIME = 0x80
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C
# unix, inet, inet6, netlink. Not vsock: network namespaces do not hold it.
_FAMILIES = (1, 2, 10, 16)

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _ERROR = 0x7FFF0000, 0x00050000
_ARGUMENT_0, _ARGUMENT_1 = 16, 24


def program():
    """The filter as bytes of `struct sock_filter`."""
    machine = 1 if IS_ARM else 0
    code = []

    def emit(operation, value, if_true=0, if_false=0):
        code.append(struct.pack("=HBBI", operation, if_true, if_false, value))

    emit(_LOAD, 4)
    emit(_EQUAL, 0xC00000B7 if IS_ARM else 0xC000003E, 1, 0)
    emit(_RETURN, _ERROR | errno.ENOSYS)
    emit(_LOAD, 0)
    if not IS_ARM:  # x32: other numbers for the same calls.
        emit(_AT_LEAST, 0x40000000, 0, 1)
        emit(_RETURN, _ERROR | errno.ENOSYS)
    for calls, error in ((_REFUSED, errno.EPERM), (_MISSING, errno.ENOSYS)):
        for numbers in calls.values():
            if numbers[machine] is not None:
                emit(_EQUAL, numbers[machine], 0, 1)
                emit(_RETURN, _ERROR | error)
    for numbers, mask in ((_CLONE, _NEW_NAMESPACES), (_UNSHARE, _NEW_NAMESPACES | _NEW_TIME)):
        emit(_EQUAL, numbers[machine], 0, 4)
        emit(_LOAD, _ARGUMENT_0)
        emit(_ANY_BIT, mask, 0, 1)
        emit(_RETURN, _ERROR | errno.EPERM)
        emit(_RETURN, _ALLOW)
    emit(_EQUAL, _IOCTL[machine], 0, 5)
    emit(_LOAD, _ARGUMENT_1)
    emit(_EQUAL, _TIOCSTI, 1, 0)
    emit(_EQUAL, _TIOCLINUX, 0, 1)
    emit(_RETURN, _ERROR | errno.EPERM)
    emit(_RETURN, _ALLOW)
    emit(_EQUAL, _SOCKET[machine], 0, len(_FAMILIES) + 2)
    emit(_LOAD, _ARGUMENT_0)
    for index, family in enumerate(_FAMILIES):
        emit(_EQUAL, family, len(_FAMILIES) - index, 0)
    emit(_RETURN, _ERROR | errno.EAFNOSUPPORT)
    emit(_RETURN, _ALLOW)
    return b"".join(code)


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]


_code = program()
_buffer = ctypes.create_string_buffer(_code, len(_code))
_structure = _Program(len(_code) // 8, ctypes.addressof(_buffer))


def confine():
    """For this process and all that it starts, for good. Needs no_new_privs. Raises OSError where there are no filters."""
    prctl(PR_SET_SECCOMP, 2, ctypes.addressof(_structure))
