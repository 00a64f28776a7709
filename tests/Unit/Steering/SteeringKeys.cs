using System.Text;
using Dapr.Voice.Steering;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Steering;

/// <summary>Rings of known keys: key <c>n</c> is 32 bytes of <c>n</c>.</summary>
internal static class SteeringKeys
{
    public static string RingText(params int[] ids) => string.Join(',', ids.Select(id => $"{id}:{Convert.ToBase64String(KeyBytes(id))}"));

    public static byte[] KeyBytes(int id) => [.. Enumerable.Repeat((byte)id, 32)];

    public static HintKeyRing HintRing(params int[] ids)
    {
        Assert.True(HintKeyRing.TryParse(RingText(ids), out HintKeyRing? ring, out string? error), error);
        return ring!;
    }

    public static KeyRing Ring(params int[] ids)
    {
        Assert.True(KeyRing.TryParse(RingText(ids), out KeyRing? ring, out string? error), error);
        return ring!;
    }

    public static LinkKey LinkKey(int id = 9)
    {
        Assert.True(Voice.Steering.LinkKey.TryParse(Convert.ToBase64String(KeyBytes(id)), out LinkKey? key, out string? error), error);
        return key!;
    }

    public static byte[] Ascii(string text) => Encoding.ASCII.GetBytes(text);
}
