// SPDX-License-Identifier: MIT

internal import Glibc
private import Synchronization
public import SystemPackage
private import SystemSupport

/// A real web server on this machine's own address, which serves a folder, plainly and by TLS.
///
/// It ends with this value, and with the test's process.
public final class Nginx: Sendable {
    /// The folder that it serves.
    public let folder: FilePath
    /// The port of http.
    public let port: Int
    /// The port of https.
    public let securePort: Int
    private let place: TemporaryPlace
    private let child: ChildProcess
    private let isStopped = Atomic(false)
    private let authority: TestAuthority?

    /// Starts a server; with an authority it also speaks TLS.
    public init(_ authority: TestAuthority?) throws {
        place = try TemporaryPlace()
        folder = place.path.below("www")
        try LocalFileSystem().makeDirectory(folder)
        self.authority = authority
        var started: (ChildProcess, Int, Int)?
        for _ in 0..<20 where started == nil {
            // Below those that the system gives to connections, which nobody can listen at for a minute afterwards.
            let port = Int.random(in: 20_000...32_000)
            started = try Self.start(place, port, authority).map { ($0, port, port + 1) }
        }
        guard let started else { throw Unprepared(what: "no nginx: run Deploy/setup --tests") }
        (child, port, securePort) = started
    }

    deinit { try? stop() }

    /// The address of a file below the folder.
    public func address(_ name: String) -> String { "http://127.0.0.1:\(port)/\(name)" }

    /// The address by TLS.
    public func secureAddress(_ name: String) -> String { "https://127.0.0.1:\(securePort)/\(name)" }

    /// The lines of what was asked: status, method with path, and the range.
    public func requests() throws -> [String] {
        let bytes = try LocalFileSystem().contents(of: place.path.below("access.log"), limit: 1 << 26)
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    /// Stops the server at once, as a power cut would, unless it is stopped already; what it serves stays.
    public func stop() throws {
        // Once it was waited for, its number may be another process's.
        guard isStopped.exchange(true, ordering: .relaxed) == false else { return }
        try Self.end(child)
    }

    private static func end(_ child: ChildProcess) throws {
        kill(child.pid, SIGKILL)
        _ = try ended(child, within: .seconds(10))
    }

    /// A new server at the same ports, for the same folder.
    public func restarted() throws -> Nginx { try Nginx(restarting: self) }

    private init(restarting other: Nginx) throws {
        (place, folder, port, securePort) = (other.place, other.folder, other.port, other.securePort)
        authority = other.authority
        guard let child = try Self.start(place, port, authority) else {
            throw Unprepared(what: "nginx does not start again")
        }
        self.child = child
    }

    private static func settings(_ place: TemporaryPlace, _ port: Int, _ authority: TestAuthority?) -> String {
        let secure = authority.map { authority in
            """
            server {
              listen 127.0.0.1:\(port + 1) ssl;
              ssl_certificate \(authority.serverCertificate);
              ssl_certificate_key \(authority.serverKey);
              root \(place.path)/www;
              location /down/ { return 302 http://127.0.0.1:\(port)/$uri; }
            }
            """
        }
        return """
            daemon off;
            master_process off;
            pid nginx.pid;
            error_log error.log;
            events {}
            http {
              log_format short '$status $request_method $uri $http_range';
              access_log access.log short;
              client_body_temp_path tmp; proxy_temp_path tmp; fastcgi_temp_path tmp; uwsgi_temp_path tmp;
              scgi_temp_path tmp;
              server {
                listen 127.0.0.1:\(port);
                root \(place.path)/www;
                location /old/ { rewrite ^/old/(.*)$ /$1 redirect; }
                location /slow/ { alias \(place.path)/www/; limit_rate 100k; }
                location /whole/ { alias \(place.path)/www/; max_ranges 0; }
              }
              \(secure ?? "")
            }
            """
    }

    /// Starts nginx as one process in the foreground, and waits until it answers; nil where a port is taken.
    private static func start(
        _ place: TemporaryPlace,
        _ port: Int,
        _ authority: TestAuthority?
    ) throws -> ChildProcess? {
        // What answers there already is another's.
        guard !isListening(port), authority == nil || !isListening(port + 1) else { return nil }
        let settings = settings(place, port, authority)
        try place.write("nginx.conf", Array(settings.utf8))
        let shell = "exec nginx -p \(place.path) -c nginx.conf -e error.log >/dev/null 2>&1 </dev/null"
        let guarded = "PATH=$PATH:/usr/sbin; \(shell)"
        let child = try LastingParent.shared.start("/usr/bin/setpriv", ["--pdeathsig", "KILL", "sh", "-c", guarded])
        let nothing = Monitor(())
        for _ in 0..<1000 {
            if child.exit() != nil { return nil }
            if isListening(port), authority == nil || isListening(port + 1) { return child }
            _ = nothing.wait(atMost: .milliseconds(5)) { _ in nil as Void? }
        }
        try end(child)
        return nil
    }
}
