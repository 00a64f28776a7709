using System.Text;

namespace Dapr.Voice.Tests.Unit.Sdp;

/// <summary>The offers of <c>tests/Vectors/sdp</c>, byte for byte.</summary>
internal static class SdpVectors
{
    private static readonly string Root = Path.Combine(AppContext.BaseDirectory, "Vectors", "sdp");

    public static IEnumerable<string> Names => Directory.GetFiles(Root, "*.sdp").Select(Path.GetFileNameWithoutExtension).Order()!;

    public static byte[] Bytes(string name) => File.ReadAllBytes(Path.Combine(Root, name + ".sdp"));

    /// <summary>The text as signaling reads it. A byte order mark stays in front.</summary>
    public static string Text(string name) => Encoding.UTF8.GetString(Bytes(name));
}
