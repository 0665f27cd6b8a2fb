// SPDX-License-Identifier: MIT

private import CLinux
private import Glibc
public import SystemPackage

/// The folder that relative paths start from.
public func currentDirectory() -> FilePath {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    guard unsafe getcwd(&buffer, buffer.count) != nil else { return FilePath("/") }
    return FilePath(platformString: buffer)
}

/// The number of processors that this process may run on, by taskset, srun and the like.
public func processorCount() -> Int {
    let allowed = Int(lucid_allowed_processors())
    return max(1, allowed > 0 ? allowed : sysconf(Int32(_SC_NPROCESSORS_ONLN)))
}

/// Keeps the memory of this process close to what it uses: blocks of a megabyte and more go back to the system when they
/// are freed, and there are eight heaps at most.
///
/// Otherwise the C library keeps freed blocks of up to 32 MiB in up to eight heaps a processor, so that many threads take
/// much more than they hold. To be called before threads are started.
public func boundHeap() { lucid_bound_heap() }

/// The file of the running program.
public func executablePath() -> FilePath {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
    let count = unsafe readlink("/proc/self/exe", &buffer, buffer.count - 1)
    return count > 0 ? FilePath(platformString: buffer) : FilePath("")
}

/// Replaces this process by a new run of its program, with the same arguments and a changed environment.
///
/// To be called when no other thread runs any more. Returns only where the system refuses.
///
/// - Parameter changes: variables and their values; nil removes one.
/// - Throws: `FileError` where the program cannot be started.
public func startAnew(changing changes: [String: String?]) throws(FileError) {
    for (name, value) in changes {
        if let value { unsafe setenv(name, value, 1) } else { unsafe unsetenv(name) }
    }
    var texts: [UnsafeMutablePointer<CChar>?] = unsafe CommandLine.arguments.map { unsafe strdup($0) }
    defer { for index in unsafe texts.indices { unsafe free(texts[index]) } }
    unsafe texts.append(nil)
    let program = executablePath()
    unsafe execv(program.string, texts)
    throw FileError("start", program, Errno(rawValue: errno))
}

/// Makes this process get SIGTERM when the one that started it dies, so that it is not left behind.
public func endWithParent() {
    _ = lucid_end_with_parent()
}

/// Whether what a stream writes to is a terminal: 1 for the standard output, 2 for the standard error.
public func isTerminal(_ stream: Int32) -> Bool { isatty(stream) == 1 }

/// A program that was started and has not been waited for.
public final class ChildProcess: Sendable {
    /// The process number.
    public let pid: Int32

    /// Starts a program with arguments, this process's environment and streams, and no blocked signals.
    ///
    /// It gets a process group of its own: Ctrl-C on a terminal reaches only this process, which decides what follows.
    public init(_ program: FilePath, _ arguments: [String]) throws(FileError) {
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        unsafe sigemptyset(&none)
        unsafe posix_spawnattr_setsigmask(&attributes, &none)
        unsafe posix_spawnattr_setpgroup(&attributes, 0)
        unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP))
        var texts: [UnsafeMutablePointer<CChar>?] = unsafe ([program.string] + arguments).map { unsafe strdup($0) }
        defer { for index in unsafe texts.indices { unsafe free(texts[index]) } }
        unsafe texts.append(nil)
        var pid: pid_t = 0
        let status = unsafe posix_spawn(&pid, program.string, nil, &attributes, texts, environ)
        guard status == 0 else { throw FileError("start", program, Errno(rawValue: status)) }
        self.pid = pid
    }

    /// How a process ended.
    public enum Exit: Equatable, Sendable {
        /// It returned a code.
        case code(Int32)
        /// A signal ended it.
        case signal(Int32)
    }

    /// How it ended, if it did; to be asked until it says so, and not after.
    public func exit() -> Exit? {
        var status: Int32 = 0
        guard unsafe waitpid(pid, &status, WNOHANG) == pid else { return nil }
        let signal = status & 0x7f
        return signal == 0 ? .code((status >> 8) & 0xff) : .signal(signal)
    }

    /// Waits for its end on the calling thread; nil where it has not ended after so long.
    ///
    /// To be asked until it says how it ended, and not after.
    public func exit(within limit: Duration) -> Exit? {
        let process = lucid_open_process(pid)
        defer { close(process) }
        let end = BootClock().now.advanced(by: limit)
        while true {
            if let exit = exit() { return exit }
            let left = BootClock().now.duration(to: end)
            guard process >= 0, left > .zero else { return nil }
            var event = pollfd(fd: process, events: Int16(POLLIN), revents: 0)
            let (seconds, attoseconds) = left.components
            // A signal ends the wait early, and another one follows.
            _ = unsafe poll(&event, 1, Int32(clamping: seconds * 1000 + attoseconds / 1_000_000_000_000_000 + 1))
        }
    }

    /// Asks it to end.
    public func terminate() {
        kill(pid, SIGTERM)
    }
}
