using System.Text;
using System.Text.Json;
using Dapr.Voice.Contracts;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

// Not ...Unit.Contracts: that would hide Dapr.Voice.Contracts from its neighbours.
namespace Dapr.Voice.Tests.Unit;

public sealed class JsonTextTests
{
    [Theory]
    [InlineData("""{"a":"\ud834\udd1e"}""", true)]
    [InlineData("""{"a":"\uD834\uDD1E","\ud834\udd1e":1}""", true)]
    [InlineData("""{"a":"\\ud800"}""", true)]
    [InlineData("""{"a":"\ud800"}""", false)]
    [InlineData("""{"a":"\uDC00"}""", false)]
    [InlineData("""{"\ud800":1}""", false)]
    [InlineData("""{"a":{"b":["\ud834\u0020"]}}""", false)]
    [InlineData("""{"a":"plain","b":"\u00fc"}""", true)]
    public void IsReadable_Surrogates_OnlyWhenPaired(string json, bool expected)
        => Assert.Equal(expected, JsonText.IsReadable(Encoding.UTF8.GetBytes(json)));

    [Fact]
    public void IsReadable_BytesThatAreNoUtf8_IsFalse() => Assert.False(JsonText.IsReadable([(byte)'"', 0x90, (byte)'"']));

    [Fact]
    public void IsReadable_AnyText_EveryStringOfWhatIsReadableCanBeRead()
    {
        Gen<string> pieces = Gen.Elements("{\"a\":\"", "\\ud800", "\\udc00", "\\u0041", "x", "\"}", "\",\"b\":\"", "\u00fc", "\\", "\\\\");
        Prop.ForAll(Gen.ListOf(pieces).ToArbitrary(), parts =>
        {
            byte[] json = Encoding.UTF8.GetBytes(string.Concat(parts));
            if (!JsonText.IsReadable(json)) return;
            try
            {
                using var document = JsonDocument.Parse(json);
                foreach (JsonProperty member in document.RootElement.EnumerateObject()) _ = member.Name + member.Value.GetString();
            }
            catch (JsonException)
            {
                // Not JSON, which was not the question.
            }
        }).QuickCheckThrowOnFailure();
    }
}
