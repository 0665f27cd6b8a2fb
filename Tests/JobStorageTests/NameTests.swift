// SPDX-License-Identifier: MIT

import JobStorage
import JobStorageTestSupport
import SystemSupport
import Testing

@Suite(.timeLimit(.minutes(120)))
struct NameTests {
    @Test func `every name that can be written is read back as it was, and never mixed up with a pending one`() {
        for _ in 0..<2000 {
            let name = randomName()
            #expect(TokenName(name.description, in: name.folder) == name)
            for folder in TokenFolder.allCases where (folder == .pending) != (name.folder == .pending) {
                #expect(TokenName(name.description, in: folder) == nil)
            }
            #expect(name.description.utf8.count <= 255)
        }
    }

    @Test func `a name with one character changed is refused or reads as what it then says`() {
        for _ in 0..<2000 {
            let name = randomName()
            var characters = Array(name.description)
            let place = Int.random(in: characters.indices)
            characters[place] = ["A", "/", "é", " ", "\n", ".", "-", "0", "_"].randomElement() ?? "."
            let changed = String(characters)
            guard let read = TokenName(changed, in: name.folder) else { continue }
            #expect(read.description == changed)
        }
    }

    static let job = "0123456789abcdef0123456789abcdef"
    static let someone = "host-0123456789abcdef0123456789abcdef-17-4711-0123456789abcdef"

    @Test(arguments: [
        "5-\(job).g1.a1.c0.f0", "0-\(job).g2.a13.c4.f2",
    ])
    func `a pending name is accepted`(name: String) {
        #expect(TokenName(name, in: .pending)?.description == name)
    }

    @Test(arguments: [
        "", ".", "..", ".published", "\(job).g1.a1.c0.f0", "10-\(job).g1.a1.c0.f0", "-\(job).g1.a1.c0.f0",
        "5-\(job).g0.a1.c0.f0", "5-\(job).g1.a0.c0.f0", "5-\(job).g01.a1.c0.f0", "5-\(job).g+1.a1.c0.f0",
        "5-\(job).g1.a1.c-1.f0", "5-\(job).g1.a1.c0", "5-\(job).g1.a1.c0.f0.", "5-\(job).g1.a1.c0.f0.x",
        "5-\(job).a1.g1.c0.f0", "5-\(job).g1.a1.c0.f1000000000", "5-\(job).g1.a1.c0.f٣", "5-\(job)0.g1.a1.c0.f0",
        "5-../../../etc/passwd.g1.a1.c0.f0", "5-\(job.uppercased()).g1.a1.c0.f0", "٥-\(job).g1.a1.c0.f0",
        "5-\(job).g1.a1.c0.f0\n", "5-\(job).g1.a1.c0.f0\0",
    ])
    func `a hostile pending name is refused`(name: String) {
        #expect(TokenName(name, in: .pending) == nil)
    }

    @Test(arguments: [
        "\(job).g1.a1.c0.f0", "\(job).g1.a1.c0.f0.host", "\(job).g1.a1.c0.f0.\(someone).r",
        "\(job).g1.a1.c0.f0.Host-0123456789abcdef0123456789abcdef-17-4711-0123456789abcdef",
        "\(job).g1.a1.c0.f0.host-0123456789abcdef0123456789abcdef-017-4711-0123456789abcdef",
        "\(job).g1.a1.c0.f0.-0123456789abcdef0123456789abcdef-17-4711",
    ])
    func `a hostile running name is refused`(name: String) {
        #expect(TokenName("\(Self.job).g1.a1.c0.f0.\(Self.someone)", in: .running) != nil)
        #expect(TokenName(name, in: .running) == nil)
    }

    @Test(arguments: [
        "", "a", "-0123abcd", "../x-0123abcd", ".x-0123abcd", "a/b-0123abcd", "a-0123ABCD", "a-0123abc",
        "a b-0123abcd", "ä-0123abcd", String(repeating: "a", count: 65) + "-0123abcd",
    ])
    func `a hostile campaign name is refused`(name: String) {
        #expect(CampaignID("celeba-transfer-0123abcd") != nil)
        #expect(CampaignID(name) == nil)
    }

    @Test func `a worker's name has no dots whatever its host is called`() throws {
        let name = try worker(7)
        #expect(!name.description.contains("."))
        #expect(WorkerName(name.description) == name)
        #expect(WorkerName("a-b--c-0123456789abcdef0123456789abcdef-1-0-0123456789abcdef")?.host == "a-b--c")
    }

    @Test func `any text becomes a reason that may stand in a name`() {
        #expect(Reason(cleaning: "No Space/left: on device, and so on").description == "no-space-left--on-device")
        #expect(Reason(cleaning: "").description == "unknown")
        #expect(ReturnCode(ReturnCode.failed("bad-image").reason) == .failed("bad-image"))
        #expect(ReturnCode(ReturnCode.inputUnreadable("gone").reason) == .inputUnreadable("gone"))
        #expect(ReturnCode(ReturnCode.handedBack.reason) == .handedBack)
    }
}

private func randomName() -> TokenName {
    let digits = ContentDigest(of: "\(UInt64.random(in: .min ... .max))")
    let attempt = Attempt(
        generation: .random(in: 1...99),
        number: .random(in: 1...999_999_999),
        crashes: .random(in: 0...9),
        failures: .random(in: 0...9)
    )
    let host = String((0..<Int.random(in: 1...40)).map { _ in "abz019-".randomElement() ?? "a" })
    let text = "\(host)-\(digits.prefix(32))-\(Int32.random(in: 0 ... .max))-\(UInt64.random(in: .min ... .max))"
    guard let worker = WorkerName("\(text)-0123456789abcdef"), let reason = Reason(String(host.prefix(24))) else {
        preconditionFailure("the generator makes valid parts: \(text)")
    }
    let standings: [TokenName.Standing] = [
        .pending(priority: .random(in: 0...9)), .running(worker), .returned(worker, reason), .done(worker),
        .failed(worker, reason), .failed(nil, reason),
    ]
    return TokenName(job: JobID(digits), attempt: attempt, standing: standings.randomElement() ?? .done(worker))
}
