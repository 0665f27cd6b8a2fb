// SPDX-License-Identifier: MIT

public import SystemSupport

/// Fetches from web servers; any number of threads may share one, and each call blocks its thread.
public final class WebClient: Sendable {
    /// What may be fetched, and how long is waited for it.
    public let policy: TransferPolicy
    let platform: any Platform
    private let onRetry: @Sendable (TransferError, Duration) -> Void
    let isCancelled: @Sendable () -> Bool
    private let handles: IdleHandles
    private let answering: AnsweringHosts

    private static let mostRedirects = 5
    private static let longestDeafness = Duration.milliseconds(100)

    /// Prepares to fetch; nothing is sent yet.
    ///
    /// - Parameters:
    ///   - policy: what may be fetched, and how long is waited for it.
    ///   - platform: where time and chance come from.
    ///   - onRetry: is told what went wrong, and after what time it is tried again.
    public init(
        _ policy: TransferPolicy,
        platform: any Platform = ThisMachine(),
        onRetry: @escaping @Sendable (TransferError, Duration) -> Void = { _, _ in }
    ) {
        (self.policy, self.platform, self.onRetry) = (policy, platform, onRetry)
        isCancelled = { false }
        handles = IdleHandles()
        answering = AnsweringHosts()
    }

    private init(_ client: WebClient, _ isCancelled: @escaping @Sendable () -> Bool) {
        (policy, platform, onRetry) = (client.policy, client.platform, client.onRetry)
        self.isCancelled = isCancelled
        (handles, answering) = (client.handles, client.answering)
    }

    /// Makes a client over the same connections whose fetches end with `TransferError.cancelled` when they should.
    ///
    /// - Parameter isCancelled: is asked again and again, on any thread, while a fetch is under way or waits.
    /// - Returns: the client; this one goes on.
    public func cancelled(when isCancelled: @escaping @Sendable () -> Bool) -> WebClient {
        WebClient(self, isCancelled)
    }

    /// Asks once, and follows redirects; the sink gets the body of an answer with status 200 or 206.
    func exchange(_ address: WebAddress, headers: [String], into sink: any Sink) throws(TransferError) {
        let handle = try takeHandle()
        // One whose exchange broke off is not used again: libcurl may not have cleared what it left, and has no
        // connection to keep.
        var isUsable = true
        defer { if isUsable { handles.giveBack(handle) } }
        var current = address
        for _ in 0...Self.mostRedirects {
            guard policy.allowedHosts.isEmpty || policy.allowedHosts.contains(current.host) else {
                throw .forbiddenHost(current)
            }
            let reception = Reception(sink, isCancelled: isCancelled)
            // Credentials in a redirect are another server's words, and are never sent.
            let credentials = current.isSameOrigin(as: address) ? address.credentials : nil
            let request = EasyHandle.Request(address: current, credentials: credentials, headers: headers)
            do throws(TransferError) {
                try handle.perform(request, policy, into: reception)
                if let failure = reception.failure { throw failure }
            } catch {
                isUsable = false
                throw error
            }
            answering.add(current.host)
            let status = reception.response.status
            if status == 200 || status == 206 { return }
            guard let location = reception.response.redirect else {
                throw .refused(current, status: status, retryAfter: handle.retryAfter)
            }
            current = try follow(location, from: current)
        }
        throw .tooManyRedirects(address)
    }

    private func takeHandle() throws(TransferError) -> EasyHandle {
        if let handle = handles.pop() { return handle }
        return try EasyHandle()
    }

    private func follow(_ location: String, from current: WebAddress) throws(TransferError) -> WebAddress {
        let next: WebAddress
        do throws(TransferError) {
            next = try current.following(location)
        } catch {
            throw .forbiddenRedirect(from: current, reason: "\(error)")
        }
        if current.isSecure, !next.isSecure {
            throw .forbiddenRedirect(from: current, reason: "from https to http, where anybody could answer")
        }
        return next
    }

    /// Repeats an attempt until it succeeds or there is no hope; `byteCount` tells how much has arrived so far.
    func retrying(byteCount: () -> Int, _ body: () throws(TransferError) -> Void) throws(TransferError) {
        var schedule = RetrySchedule(policy)
        while true {
            if isCancelled() { throw .cancelled }
            do throws(TransferError) {
                return try body()
            } catch {
                let random = platform.randomBits()
                let most = answering.isLikelyMistyped(error) ? policy.unknownHostAttempts : policy.attempts
                let delay = try schedule.delay(
                    after: error,
                    byteCount: byteCount(),
                    attempts: min(most, policy.attempts),
                    random: random
                )
                onRetry(error, delay)
                rest(for: delay)
            }
        }
    }

    /// Waits, in pieces short enough to notice that nobody wants the fetch any more.
    private func rest(for delay: Duration) {
        let end = platform.now.advanced(by: delay)
        while !isCancelled() {
            let left = platform.now.duration(to: end)
            guard left > .zero else { return }
            _ = platform.wait(on: Monitor(()), atMost: min(left, Self.longestDeafness)) { _ in false }
        }
    }
}

/// Handles that nobody uses now, with the connections that they keep.
private final class IdleHandles: Sendable {
    private let handles = Monitor<[EasyHandle]>([])

    func pop() -> EasyHandle? { handles.withLock { $0.popLast() } }

    func giveBack(_ handle: EasyHandle) { handles.withLock { $0.append(handle) } }
}

/// The hosts that have answered: a name that once led somewhere is right, whatever happens to it later.
private final class AnsweringHosts: Sendable {
    private let hosts = Monitor<Set<String>>([])

    func add(_ host: String) { hosts.withLock { _ = $0.insert(host) } }

    func isLikelyMistyped(_ error: TransferError) -> Bool {
        guard case .unknownHost(let address) = error else { return false }
        return hosts.withLock { !$0.contains(address.host) }
    }
}
