// SPDX-License-Identifier: MIT

/// What arrives of one answer, on its way from the library's callbacks to a sink.
///
/// Nothing is thrown through the library: an error ends the exchange and waits here.
final class Reception {
    private(set) var response = Response()
    private(set) var failure: TransferError?
    private let sink: any Sink
    private var hasBegun = false
    /// Whether nobody wants the answer any more.
    let isCancelled: () -> Bool

    init(_ sink: any Sink, isCancelled: @escaping () -> Bool) {
        (self.sink, self.isCancelled) = (sink, isCancelled)
    }

    private var isWanted: Bool { response.status == 200 || response.status == 206 }

    /// Takes a line of the head.
    func takeHead(_ bytes: UnsafeRawBufferPointer) {
        let line = unsafe String(decoding: bytes, as: UTF8.self)
        response.parse(String(line.trimmingEnd()))
    }

    /// Takes a part of the body, and returns whether more is wanted.
    func takeBody(_ bytes: UnsafeRawBufferPointer) -> Bool {
        // Pages about errors are nothing to keep; the status says it all.
        guard isWanted else { return false }
        do throws(TransferError) {
            try begin()
            try unsafe sink.receive(bytes)
            return true
        } catch {
            failure = error
            return false
        }
    }

    /// Tells the sink of an answer without a body as well.
    func end() {
        guard isWanted, failure == nil else { return }
        do throws(TransferError) { try begin() } catch { failure = error }
    }

    private func begin() throws(TransferError) {
        if hasBegun { return }
        hasBegun = true
        try sink.begin(response)
    }
}

extension String {
    /// The text without the ends of lines and blanks at its end.
    fileprivate func trimmingEnd() -> Substring {
        var rest = Substring(self)
        while let last = rest.unicodeScalars.last, last.value <= 32 { rest.unicodeScalars.removeLast() }
        return rest
    }
}
