using Dapr.Voice.Hosting;
using Microsoft.Extensions.Configuration;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Hosting;

public sealed class ServiceOptionsTests
{
    [Fact]
    public void Read_NothingSet_DefaultsAreGood() => Assert.Equal("local", Read<FleetOptions>().Region);

    [Fact]
    public void Read_ValuesSet_AreBound() => Assert.Equal(7, Read<FleetOptions>(("Fleet:RegionNumber", "7")).RegionNumber);

    [Theory]
    [InlineData("Region", "West Europe")]
    [InlineData("RegionNumber", "256")]
    [InlineData("SlotCount", "0")]
    [InlineData("MaximumShards", "101")]
    public void Read_BadValue_IsNamedWithTheWayOut(string setting, string value)
    {
        SettingsException e = Assert.Throws<SettingsException>(() => Read<FleetOptions>(("Fleet:" + setting, value)));

        Assert.Contains("Fleet__" + setting, e.Message);
    }

    [Fact]
    public void Read_WrongType_NamesTheSettingAndNotTheValue()
    {
        SettingsException e = Assert.Throws<SettingsException>(() => Read<FleetOptions>(("Fleet:SlotCount", "s3cret")));

        Assert.Contains("Fleet__SlotCount", e.Message);
        Assert.DoesNotContain("s3cret", e.Message);
    }

    [Fact]
    public void Read_TypingMistake_IsNamed()
    {
        SettingsException e = Assert.Throws<SettingsException>(() => Read<FleetOptions>(("Fleet:Regoin", "x")));

        Assert.Contains("Fleet__Regoin: unknown setting", e.Message);
    }

    private static T Read<T>(params (string Key, string Value)[] values) where T : class, IServiceOptions, new()
        => ServiceOptions.Read<T>(new ConfigurationBuilder().AddInMemoryCollection(values.ToDictionary(v => v.Key, string? (v) => v.Value))
        .Build());
}
