import { tagsType } from '../types.bicep'

metadata description = 'Container Apps environment of one region, with its logs.'

@description('Azure location.')
param location string

@description('Tags of every resource.')
param tags tagsType

@description('Subnet delegated to Microsoft.App/environments.')
param subnetId string

@description('Spread over the location\'s zones. Decided when the environment is made: a later change needs a new one.')
param zoneRedundant bool

@description('Dedicated workload profile type for the transceivers (`D4`…), empty: they share the consumption profile.')
param dedicatedProfileType string

@minValue(-1)
@description('GB of logs a day at most, -1 for no limit. What comes after is dropped until the next day.')
param logDailyQuotaGb int

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-07-01' = {
  name: 'log-voice'
  location: location
  tags: tags
  properties: {
    sku: { name: 'PerGB2018' }
    retentionInDays: 30
    features: { disableLocalAuth: true }
    workspaceCapping: { dailyQuotaGb: logDailyQuotaGb }
  }
}

// Traces of the sidecars, and all telemetry of the services. The connection string opens nothing but the way in.
resource insights 'Microsoft.Insights/components@2020-02-02' = {
  name: 'appi-voice'
  location: location
  tags: tags
  kind: 'web'
  properties: {
    Application_Type: 'web'
    WorkspaceResourceId: workspace.id
  }
}

module workbook 'workbook.bicep' = {
  params: {
    location: location
    tags: tags
    insightsId: insights.id
  }
}

module dashboard 'dashboard.bicep' = {
  params: {
    location: location
    tags: tags
    insightsId: insights.id
    workbookId: workbook.outputs.id
  }
}

resource environment 'Microsoft.App/managedEnvironments@2026-01-01' = {
  name: 'cae-voice'
  location: location
  tags: tags
  properties: {
    // Logs leave by the diagnostic setting below: the other destination takes the workspace's key.
    appLogsConfiguration: { destination: 'azure-monitor' }
    daprAIConnectionString: insights.properties.ConnectionString
    vnetConfiguration: {
      infrastructureSubnetId: subnetId
      internal: false
    }
    workloadProfiles: concat(
      [
        { name: 'Consumption', workloadProfileType: 'Consumption' }
      ],
      empty(dedicatedProfileType)
        ? []
        : [
            {
              name: 'media'
              workloadProfileType: dedicatedProfileType
              minimumCount: zoneRedundant ? 2 : 1
              maximumCount: 10
            }
          ]
    )
    zoneRedundant: zoneRedundant
  }
}

// The stable version of 2016 knows no workspace; every template in Azure's own documents uses this preview.
#disable-next-line use-recent-api-versions
resource logs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: environment
  name: 'logs'
  properties: {
    workspaceId: workspace.id
    logs: [
      { categoryGroup: 'allLogs', enabled: true }
    ]
  }
}

@description('Resource id of the environment.')
output id string = environment.id

@description('Name of the environment.')
output name string = environment.name

@description('DNS suffix of the environment\'s apps.')
output defaultDomain string = environment.properties.defaultDomain

@description('Where TCP ports of this environment are reached from outside.')
output staticIp string = environment.properties.staticIp

@description('Connection string of Application Insights.')
output insightsConnection string = insights.properties.ConnectionString

@description('Workload profile for the transceivers.')
output mediaProfile string = empty(dedicatedProfileType) ? 'Consumption' : 'media'
