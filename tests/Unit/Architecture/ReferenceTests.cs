using System.Reflection;
using System.Runtime.CompilerServices;
using System.Xml.Linq;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Architecture;

/// <summary>Which way references point (docs/style.md): downwards only, services never at each other, protocols sans-IO. Read from the
/// project files.</summary>
public sealed class ReferenceTests
{
    private static readonly string[] Protocols =
        ["Wire", "Stun", "Ice", "Sdp", "Rtp", "Srtp", "Sctp", "Steering", "Ownership", "Turns", "Dtls", "Opus", "WebRtc"];

    /// <summary>A library may reference those before it in this list, and no other.</summary>
    private static readonly string[] Layers =
        ["Wire", "Native", "Contracts", "Sidecar", "Stun", "Ice", "Sdp", "Rtp", "Srtp", "Sctp", "Steering", "Ownership", "Turns", "Dtls",
        "Opus", "Udp", "Tcp", "Links", "WebRtc", "Hosting"];

    /// <summary>That the relay knows no DTLS, no SRTP and no session is the design.</summary>
    private static readonly Dictionary<string, string[]> Services = new()
    {
        ["relay"] = ["Wire", "Stun", "Steering", "Udp", "Tcp", "Links", "Sidecar", "Contracts", "Hosting"],
        ["signaling"] = ["Wire", "Sdp", "Steering", "Ownership", "Sidecar", "Contracts", "Hosting"],
        ["transceiver"] =
            ["Wire", "Stun", "Ice", "Rtp", "Srtp", "Dtls", "Sctp", "WebRtc", "Steering", "Ownership", "Opus", "Turns", "Udp", "Links",
            "Sidecar", "Contracts", "Hosting"],
    };

    private static string Root([CallerFilePath] string path = "")
        => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(path)!, "..", "..", ".."));

    private static XDocument Project(string folder)
        => XDocument.Load(Directory.GetFiles(Path.Combine(Root(), folder), "*.csproj").Single());

    private static string[] References(XDocument project)
        => [.. project.Descendants("ProjectReference").Select(
        r => Path.GetFileName(Path.GetDirectoryName(((string)r.Attribute("Include")!).Replace('\\', '/'))!))];

    public static TheoryData<string> Libraries()
        => [.. Directory.GetDirectories(Path.Combine(Root(), "libs")).Select(d => Path.GetFileName(d)!)];

    [Theory]
    [MemberData(nameof(Libraries))]
    public void Library_References_OnlyWhatLiesBelowIt(string name)
    {
        int own = Array.IndexOf(Layers, name);
        Assert.True(own >= 0, $"{name} has no layer");
        Assert.All(References(Project($"libs/{name}")), reference => Assert.InRange(Array.IndexOf(Layers, reference), 0, own - 1));
    }

    [Fact]
    public void Service_References_AreExactlyThoseOfTheDesign()
        => Assert.All(Services, service => Assert.Equal(service.Value.Order(), References(Project($"services/{service.Key}")).Order()));

    /// <summary>A project that names a library uses it. The build checks the reverse: DisableTransitiveProjectReferences is set.</summary>
    [Theory]
    [MemberData(nameof(Projects))]
    public void Project_References_AreAllUsed(string folder)
    {
        string assembly = Path.GetFileNameWithoutExtension(Directory.GetFiles(Path.Combine(Root(), folder), "*.csproj").Single());
        string[] used = [.. Assembly.Load(assembly).GetReferencedAssemblies().Select(a => a.Name!)];
        Assert.All(References(Project(folder)), reference => Assert.Contains($"Dapr.Voice.{reference}", used));
    }

    public static TheoryData<string> Projects()
        => [.. Directory.GetDirectories(Path.Combine(Root(), "libs")).Select(d => $"libs/{Path.GetFileName(d)}"),
        .. Services.Keys.Select(name => $"services/{name}"), "samples/local-agent"];

    [Fact]
    public void Protocols_AreSansIo()
        => Assert.All(Protocols, name => Assert.Equal("true", (string?)Project($"libs/{name}").Descendants("SansIo").SingleOrDefault()));

    [Fact]
    public void PInvokes_AreInNativeOnly()
    {
        foreach (string file in Directory.EnumerateFiles(Path.Combine(Root(), "libs"), "*.cs", SearchOption.AllDirectories)
            .Concat(Directory.EnumerateFiles(Path.Combine(Root(), "services"), "*.cs", SearchOption.AllDirectories)))
        {
            string relative = Path.GetRelativePath(Root(), file).Replace('\\', '/');
            if (relative.StartsWith("libs/Native/", StringComparison.Ordinal) || relative.Contains("/obj/", StringComparison.Ordinal))
                continue;
            string text = File.ReadAllText(file);
            Assert.False(text.Contains("[LibraryImport", StringComparison.Ordinal) || text.Contains("[DllImport", StringComparison.Ordinal),
                $"{relative} has a P/Invoke");
        }
    }
}
