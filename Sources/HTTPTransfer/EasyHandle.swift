// SPDX-License-Identifier: MIT

private import CCurl
private import SystemPackage

/// One connection's worth of libcurl, used by one thread at a time; connections stay open between requests.
@safe
final class EasyHandle: @unchecked Sendable {
    // Sendable because whoever holds it took it out of the pool.
    private let handle: UnsafeMutableRawPointer

    /// What is asked of a server.
    struct Request {
        let address: WebAddress
        let credentials: WebAddress.Credentials?
        let headers: [String]
    }

    private static let isReady: Bool = lucid_curl_global_init() == CURLE_OK

    init() throws(TransferError) {
        guard Self.isReady, let handle = unsafe curl_easy_init() else {
            throw .malformedAddress(reason: "libcurl cannot be used")
        }
        unsafe self.handle = unsafe handle
    }

    deinit { unsafe curl_easy_cleanup(handle) }

    /// Sends one request and takes its answer; redirects are not followed.
    ///
    /// - Throws: `TransferError` for what the connection did; what the sink threw is in the reception.
    func perform(_ request: Request, _ policy: TransferPolicy, into reception: Reception) throws(TransferError) {
        unsafe curl_easy_reset(handle)
        var list: UnsafeMutablePointer<curl_slist>?
        for header in request.headers { unsafe list = curl_slist_append(list, header) }
        defer { unsafe curl_slist_free_all(list) }
        try setOptions(request, policy)
        unsafe check(lucid_curl_set_list(handle, CURLOPT_HTTPHEADER, list))
        var message = [CChar](repeating: 0, count: Int(CURL_ERROR_SIZE))
        let code = unsafe message.withUnsafeMutableBufferPointer { message in
            unsafe check(lucid_curl_set_buffer(handle, CURLOPT_ERRORBUFFER, message.baseAddress))
            return withExtendedLifetime(reception) {
                let context = unsafe Unmanaged.passUnretained(reception).toOpaque()
                unsafe setReceivers(context)
                unsafe setWatcher(context)
                return unsafe curl_easy_perform(handle)
            }
        }
        unsafe check(lucid_curl_set_buffer(handle, CURLOPT_ERRORBUFFER, nil))
        if code == CURLE_OK {
            // The library takes a head that breaks off for one without a body.
            guard reception.response.isWhole else {
                throw .interrupted(request.address, reason: "the connection ended within the answer's head")
            }
            return reception.end()
        }
        // The sink's own error, or a body that nobody wants, ends an exchange with this code.
        if code == CURLE_WRITE_ERROR { return }
        if code == CURLE_ABORTED_BY_CALLBACK { throw .cancelled }
        let text = String(decoding: message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        throw Self.error(code, request.address, text)
    }

    /// How long the server asks to wait before the next request.
    var retryAfter: Duration? {
        var seconds: curl_off_t = 0
        guard unsafe lucid_curl_get_offset(handle, CURLINFO_RETRY_AFTER, &seconds) == CURLE_OK, seconds > 0 else {
            return nil
        }
        return .seconds(Int(seconds))
    }

    // MARK: Options

    private func setOptions(_ request: Request, _ policy: TransferPolicy) throws(TransferError) {
        let texts: [(CURLoption, String?)] = [
            (CURLOPT_URL, request.address.location),
            (CURLOPT_PROTOCOLS_STR, "http,https"),
            (CURLOPT_USERAGENT, "LucidGrid"),
            (CURLOPT_USERNAME, request.credentials?.user),
            (CURLOPT_PASSWORD, request.credentials?.password),
            (CURLOPT_CAINFO, policy.authorityFile?.string),
        ]
        for (option, text) in texts {
            guard let text else { continue }
            guard unsafe lucid_curl_set_text(handle, option, text) == CURLE_OK else {
                throw .failed(request.address, reason: "libcurl does not take what is asked")
            }
        }
        let stall = max(1, Int(policy.stallTimeout.components.seconds))
        let numbers: [(CURLoption, Int)] = [
            (CURLOPT_FOLLOWLOCATION, 0), (CURLOPT_NETRC, 0), (CURLOPT_NOSIGNAL, 1), (CURLOPT_SSL_VERIFYPEER, 1),
            (CURLOPT_SSL_VERIFYHOST, 2), (CURLOPT_SUPPRESS_CONNECT_HEADERS, 1), (CURLOPT_TCP_KEEPALIVE, 1),
            (CURLOPT_CONNECTTIMEOUT_MS, policy.connectTimeout.wholeMilliseconds),
            (CURLOPT_LOW_SPEED_LIMIT, 1), (CURLOPT_LOW_SPEED_TIME, stall), (CURLOPT_NOPROGRESS, 0),
        ]
        for (option, number) in numbers { unsafe check(lucid_curl_set_number(handle, option, number)) }
        // A wish, which libcurl does not grant while it holds a buffer.
        _ = unsafe lucid_curl_set_number(handle, CURLOPT_BUFFERSIZE, 256 << 10)
    }

    private func setReceivers(_ context: UnsafeMutableRawPointer) {
        unsafe check(
            lucid_curl_set_receiver(
                handle,
                CURLOPT_HEADERFUNCTION,
                CURLOPT_HEADERDATA,
                { bytes, size, count, context in
                    guard let bytes = unsafe bytes, let context = unsafe context else { return 0 }
                    let reception = unsafe Unmanaged<Reception>.fromOpaque(context).takeUnretainedValue()
                    unsafe reception.takeHead(UnsafeRawBufferPointer(start: bytes, count: size * count))
                    return size * count
                },
                context
            )
        )
        unsafe check(
            lucid_curl_set_receiver(
                handle,
                CURLOPT_WRITEFUNCTION,
                CURLOPT_WRITEDATA,
                { bytes, size, count, context in
                    guard let bytes = unsafe bytes, let context = unsafe context else { return 0 }
                    let reception = unsafe Unmanaged<Reception>.fromOpaque(context).takeUnretainedValue()
                    let wantsMore = unsafe reception.takeBody(UnsafeRawBufferPointer(start: bytes, count: size * count))
                    return wantsMore ? size * count : 0
                },
                context
            )
        )
    }

    /// Lets the library ask, about once a second even where nothing arrives, whether to go on.
    private func setWatcher(_ context: UnsafeMutableRawPointer) {
        unsafe check(
            lucid_curl_set_watcher(
                handle,
                { context, _, _, _, _ in
                    guard let context = unsafe context else { return 0 }
                    let reception = unsafe Unmanaged<Reception>.fromOpaque(context).takeUnretainedValue()
                    return reception.isCancelled() ? 1 : 0
                },
                context
            )
        )
    }

    /// These options exist in every libcurl that the package builds with.
    private func check(_ code: CURLcode) {
        precondition(code == CURLE_OK, "libcurl takes its own options")
    }

    // MARK: Errors

    private static let breaks: Set<UInt32> = Set(
        [
            CURLE_COULDNT_RESOLVE_PROXY, CURLE_COULDNT_CONNECT, CURLE_PARTIAL_FILE,
            CURLE_OPERATION_TIMEDOUT, CURLE_SSL_CONNECT_ERROR, CURLE_GOT_NOTHING, CURLE_SEND_ERROR, CURLE_RECV_ERROR,
            CURLE_HTTP2, CURLE_HTTP2_STREAM, CURLE_AGAIN, CURLE_NO_CONNECTION_AVAILABLE, CURLE_WEIRD_SERVER_REPLY,
            CURLE_PROXY,
        ].map(\.rawValue)
    )

    private static func error(_ code: CURLcode, _ address: WebAddress, _ message: String) -> TransferError {
        let reason = message.isEmpty ? unsafe String(cString: curl_easy_strerror(code)) : message
        if code == CURLE_COULDNT_RESOLVE_HOST { return .unknownHost(address) }
        if code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_ISSUER_ERROR {
            return .untrusted(address, reason: reason)
        }
        return breaks.contains(code.rawValue)
            ? .interrupted(address, reason: reason) : .failed(address, reason: reason)
    }
}

extension Duration {
    fileprivate var wholeMilliseconds: Int {
        Int(components.seconds) * 1000 + Int(components.attoseconds / 1_000_000_000_000_000)
    }
}
