// SPDX-License-Identifier: MIT

import SystemPackage
import SystemSupport
import Testing

@testable import HTTPTransfer

@Suite("When it is tried again", .timeLimit(.minutes(120)))
struct RetryScheduleTests {
    private let address: WebAddress
    private let broken: TransferError
    private var schedule: RetrySchedule

    init() throws {
        address = try WebAddress("http://a/")
        broken = .interrupted(address, reason: "reset")
        var policy = TransferPolicy.standard
        (policy.attempts, policy.firstDelay, policy.longestDelay) = (5, .seconds(1), .seconds(3))
        schedule = RetrySchedule(policy)
    }

    @Test("The longest wait doubles up to a limit, chance takes a part of it, and then it is given up")
    mutating func backoff() throws {
        var delays: [Duration] = []
        for _ in 0..<4 { delays.append(try schedule.delay(after: broken, byteCount: 0, random: 1 << 63)) }
        #expect(delays == [.milliseconds(500), .seconds(1), .milliseconds(1500), .milliseconds(1500)])
        #expect(throws: TransferError.gaveUp(attempts: 5, last: broken)) {
            try schedule.delay(after: broken, byteCount: 0, random: 0)
        }
    }

    @Test("Whoever gets on, by more than a mebibyte each time, is never given up")
    mutating func progress() throws {
        for count in 1...100 {
            #expect(throws: Never.self) { try schedule.delay(after: broken, byteCount: count << 21, random: 0) }
        }
    }

    @Test("A server's own wish counts, unless it is too long")
    mutating func retryAfter() throws {
        let soon = TransferError.refused(address, status: 429, retryAfter: .seconds(2))
        #expect(try schedule.delay(after: soon, byteCount: 0, random: 0) == .seconds(2))
        let late = TransferError.refused(address, status: 503, retryAfter: .seconds(3600))
        #expect(throws: late) { try schedule.delay(after: late, byteCount: 0, random: 0) }
    }

    @Test("What would fail again is not tried again")
    mutating func hopeless() throws {
        let digest = ContentDigest(of: "x")
        let errors: [TransferError] = [
            .refused(address, status: 404, retryAfter: nil), .untrusted(address, reason: ""),
            .failed(address, reason: ""), .tooLarge(address, limit: 1), .forbiddenHost(address),
            .file(FileError("write", "/f", .noSpace)), .wrongDigest(address, expected: digest, found: digest),
        ]
        for error in errors {
            #expect(throws: error) { try schedule.delay(after: error, byteCount: 0, random: 0) }
        }
    }
}

@Suite("The head of an answer", .timeLimit(.minutes(120)))
struct ResponseTests {
    private func response(_ lines: String...) -> Response {
        var response = Response()
        for line in lines { response.parse(line) }
        return response
    }

    @Test("Only the last of several heads counts")
    func heads() {
        let answer = response("HTTP/1.1 100 Continue", "ETag: \"x\"", "", "HTTP/2 200", "Content-Length: 5", "")
        #expect(answer.status == 200 && answer.strongTag == nil && answer.contentLength == 5 && answer.isFramed)
    }

    @Test(
        "A range is read as it is written, and else is none",
        arguments: [
            ("bytes 0-99/1234", 0, 100, 1234), ("Bytes 5-5/6", 5, 6, 6), ("bytes 7-9/*", 7, 10, nil as Int?),
        ]
    )
    func ranges(text: String, start: Int, end: Int, total: Int?) {
        let range = response("HTTP/1.1 206 Part", "Content-Range: \(text)").contentRange
        #expect(range == Response.ContentRange(start: start, end: end, total: total))
    }

    @Test(
        "A range that cannot be is none",
        arguments: [
            "", "bytes", "bytes */5", "bytes 5-4/9", "bytes 0-9/9", "bytes -1-5/9", "bytes 0-9223372036854775807/*",
            "bytes 0-99999999999999999999/*", "items 0-1/2",
        ]
    )
    func wrongRanges(text: String) {
        #expect(response("HTTP/1.1 206 Part", "Content-Range: \(text)").contentRange == nil)
    }

    @Test("A weak tag does not stand for equal bytes")
    func weakTag() {
        #expect(response("HTTP/1.1 200 OK", "ETag: W/\"x\"").strongTag == nil)
        #expect(response("HTTP/1.1 200 OK", "etag: \"x\"").strongTag == "\"x\"")
    }

    @Test("Without a length, a body of HTTP/1 that is cut looks whole")
    func framing() {
        #expect(!response("HTTP/1.1 200 OK").isFramed)
        #expect(response("HTTP/1.1 200 OK", "Transfer-Encoding: chunked").isFramed)
        #expect(response("HTTP/2 200").isFramed)
    }
}
