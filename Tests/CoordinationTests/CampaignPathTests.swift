// SPDX-License-Identifier: MIT

import SystemPackage
import SystemSupport
import Testing

@testable import Coordination

@Suite(.timeLimit(.minutes(120)))
struct CampaignPathTests {
    private let file = FilePath("/studies/one/study.yaml")

    @Test func `paths begin at the campaign file's folder, or at the home`() throws {
        let home = try #require(environmentValue("HOME"))
        #expect(path("images", beside: file) == "/studies/one/images")
        #expect(path("../images", beside: file) == "/studies/one/../images")
        #expect(path("/images", beside: file) == "/images")
        #expect(path("~/images", beside: file) == FilePath(home).appending("images"))
        #expect(path("~", beside: file) == FilePath(home))
        for name in ["~other/images", "a~", "./~/images"] {
            #expect(path(name, beside: file).string.hasPrefix("/studies/one/"), "\(name)")
        }
        #expect(expandingHome("https://example.org/~user/a.zip") == "https://example.org/~user/a.zip")
    }
}
