using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Dapr.Voice.Hosting;

/// <summary>
/// JSON that people read in a terminal: quotes, plus signs and letters of any language stand as they are, and not as <c>\u0027</c>. That is
/// safe in answers whose media type is JSON. It is not safe inside HTML.
/// </summary>
public static class ReadableJson
{
    public static JavaScriptEncoder Encoder => JavaScriptEncoder.UnsafeRelaxedJsonEscaping;

    /// <summary>
    /// Returns a copy of a context's options, for a second context: <c>new MyJson(ReadableJson.OptionsOf(MyJson.Default))</c>.
    /// </summary>
    public static JsonSerializerOptions OptionsOf(JsonSerializerContext context) => new(context.Options) { Encoder = Encoder };
}
