using Dapr.Voice.Infra.WhatIf;
using Xunit;

namespace Dapr.Voice.Tests.Infra.WhatIf;

public sealed class AzureRegionsTests
{
    [Theory]
    [InlineData("westeurop", "westeurope")]
    [InlineData("West Europe", "westeurope")]
    [InlineData("eastus22", "eastus2")]
    public void Near_Mistyped_FindsTheOneMeant(string typed, string meant) => Assert.Equal(meant, AzureRegions.Near(typed)[0]);

    [Theory]
    [InlineData("atlantis-under-the-sea")]
    [InlineData("")]
    public void Near_NothingLikeIt_IsEmpty(string typed) => Assert.Empty(AzureRegions.Near(typed));

    [Fact]
    public void Near_VeryLongText_IsEmptyAndQuick() => Assert.Empty(AzureRegions.Near(new string('a', 1_000_000)));

    [Fact]
    public void All_AreInTheFormThatTemplatesTake() => Assert.All(AzureRegions.All, name => Assert.Matches("^[a-z0-9]{6,20}$", name));
}
