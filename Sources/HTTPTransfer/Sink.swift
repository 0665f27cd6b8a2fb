// SPDX-License-Identifier: MIT

/// What takes the body of an answer that is no error and no redirect.
protocol Sink: AnyObject {
    /// Takes what the server says before the body; throws where the body is of no use.
    func begin(_ response: Response) throws(TransferError)

    /// Takes the next bytes of the body.
    func receive(_ bytes: UnsafeRawBufferPointer) throws(TransferError)
}
